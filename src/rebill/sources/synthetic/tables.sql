-- The synthetic partner: its customers, their subscriptions, and the small tables that lines are drawn from.
-- Everything follows from the variables `seed`, `customers`, `subscriptions` and `first_day`. Chance is MD5, so
-- that the same seed gives the same partner with every version of the engine.

CREATE MACRO chance(subject, number) AS
    CAST(md5_number(concat(getvariable('seed'), '/', subject, '/', number)) >> 65 AS BIGINT);
CREATE MACRO guid(subject, number) AS
    CAST(CAST(md5(concat(getvariable('seed'), '/', subject, '/', number)) AS UUID) AS VARCHAR);

CREATE TABLE currencies AS
SELECT
    CAST(row_number() OVER () - 1 AS INTEGER) AS currency_number,
    currency,
    exchange_rate,
    share_percent,
    '/providers/Microsoft.Billing/billingAccounts/' || guid('billing account', 0)
        || ':' || guid('billing account', 1) || '_2019-05-31' AS billing_account_id,
    billing_account_id || '/billingProfiles/' || upper(left(md5(concat(getvariable('seed'), currency)), 4))
        || '-' || upper(left(md5(concat(currency, getvariable('seed'))), 4)) || '-BG7-PGB' AS billing_profile_id,
    'Fabrikam Cloud Partner ' || currency AS billing_profile_name,
    'G' || lpad(CAST(chance('invoice ' || currency, 0) % 1000000000 AS VARCHAR), 9, '0') AS invoice_id
FROM read_csv(getvariable('folder') || '/currencies.csv', header = true, types = {'exchange_rate': 'DECIMAL(18,6)'});

CREATE TABLE currency_slots AS
SELECT CAST(row_number() OVER (ORDER BY currency_number) - 1 AS INTEGER) AS slot, currency_number
FROM currencies, range(share_percent);

-- The first customers take the currencies in turn, so that a small partner has several of them too.
CREATE TABLE customers AS
WITH drawn AS (
    SELECT
        range AS customer_number,
        chance('currency', range) % (SELECT count(*) FROM currency_slots) AS slot,
        ['Adventure', 'Alpine', 'Bellows', 'Best For You', 'Blue Yonder', 'City Power', 'Coho', 'Consolidated',
         'Contoso', 'Fourth Coffee', 'Fabrikam', 'First Up', 'Graphic', 'Humongous', 'Lamna', 'Liberty', 'Litware',
         'Lucerne', 'Margie''s', 'Munson''s', 'Northwind', 'Nod', 'Proseware', 'Relecloud', 'Southridge', 'Tailspin',
         'Trey', 'VanArsdel', 'Wide World', 'Woodgrove'] AS first_words,
        ['Works', 'Ski House', 'College', 'Organics', 'Airlines', 'Light', 'Vineyard', 'Messenger', 'Pharma', 'Bank',
         'Consultants', 'Design', 'Insurance', 'Healthcare', 'Logistics', 'Publishing', 'Farms', 'Traders', 'Video',
         'Research'] AS second_words
    FROM range(getvariable('customers'))
)
SELECT
    customer_number,
    guid('customer', customer_number) AS customer_id,
    concat(
        first_words[1 + customer_number % 30], ' ', second_words[1 + (customer_number // 30) % 20],
        CASE WHEN customer_number >= 600 THEN ' ' || (customer_number // 600 + 1) END
    ) AS customer_name,
    regexp_replace(lower(customer_name), '[^a-z0-9]', '', 'g') || '.onmicrosoft.com' AS domain,
    CASE WHEN customer_number < (SELECT count(*) FROM currencies) THEN customer_number ELSE currency_number END
        AS currency_number,
    CASE WHEN chance('reseller', customer_number) % 3 = 0
        THEN 1 + chance('which reseller', customer_number) % 7 END AS reseller_number,
    CAST(4700000 + reseller_number * 1237 AS VARCHAR) AS reseller_id,
    'Reseller ' || reseller_number AS reseller_name,
    '/providers/Microsoft.Capacity/reservationOrders/' || guid('reservation order', customer_number)
        || '/reservations/' || guid('reservation', customer_number) AS reservation_id,
    'VM_RI_' || strftime(getvariable('first_day'), '%m-%d-%Y') || '_' || customer_number AS reservation_name,
    '/providers/Microsoft.BillingBenefits/savingsPlanOrders/' || guid('savings plan order', customer_number)
        || '/savingsPlans/' || guid('savings plan', customer_number) AS savings_plan_id,
    'Compute_SavingsPlan_' || customer_number AS savings_plan_name
FROM drawn JOIN currency_slots USING (slot)
ORDER BY customer_number;

-- Every customer has a subscription; the others lie with few customers, as they do in life.
CREATE TABLE subscriptions AS
SELECT
    range AS subscription_number,
    '/subscriptions/' || guid('subscription', range) AS subscription_id,
    ['prod', 'dev', 'test', 'shared', 'data', 'identity', 'sandbox'][1 + chance('purpose', range) % 7]
        || '-' || lpad(CAST(range AS VARCHAR), 4, '0') AS subscription_name,
    guid('azure plan', customer_number) AS azure_plan_id,
    -- The partner earns its credit only on days on which it may manage the subscription for the whole day.
    chance('earns', range) % 10 > 0 AS earns_credit,
    CAST(3 + chance('gap', range) % 20 AS INTEGER) AS first_day_without_credit,
    CAST(first_day_without_credit + chance('gap length', range) % 7 AS INTEGER) AS next_day_with_credit,
    customers.*
FROM range(getvariable('subscriptions')) JOIN customers ON customer_number = CASE
    WHEN range < getvariable('customers') THEN range
    ELSE (chance('holder', range) % 1048576) * (chance('second holder', range) % 1048576) // 1048576
        * getvariable('customers') // 1048576 END
ORDER BY subscription_number;

CREATE TABLE meters AS
SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS meter_number, *
FROM read_csv(getvariable('folder') || '/meters.csv', header = true, types = {
    'list_price': 'DECIMAL(18,9)', 'greatest_quantity_a_day': 'DECIMAL(18,6)', 'meter_subcategory': 'VARCHAR'});

CREATE TABLE regions AS
SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS region_number, *
FROM read_csv(getvariable('folder') || '/regions.csv', header = true, types = {'price_factor': 'DECIMAL(9,3)'});

CREATE TABLE region_slots AS
SELECT CAST(row_number() OVER (ORDER BY region_number) - 1 AS INTEGER) AS slot, region_number
FROM regions, range(share_percent);

-- A family's meters stand side by side, so that a kind of line draws from one stretch of slots.
CREATE TABLE meter_slots AS
WITH stretches(stretch, family) AS (
    VALUES (1, 'azure'), (1, 'committable'), (2, 'committable'), (3, 'marketplace'), (4, 'account')
)
SELECT
    CAST(row_number() OVER (ORDER BY stretch, meter_number, range) - 1 AS INTEGER) AS slot,
    stretch, meter_number
FROM stretches JOIN meters USING (family), range(share);

-- What a meter costs a unit, by region and currency: with nine decimals, so that a quantity with six gives an
-- amount with fifteen, more than is kept.
CREATE TABLE products AS
SELECT
    CAST((meter_number * 64 + region_number) * 8 + currency_number AS INTEGER) AS product_number,
    CAST(round(CAST(CAST(list_price AS DECIMAL(22,9)) * price_factor AS DECIMAL(28,9)) * CAST(exchange_rate AS DECIMAL(10,6)), 9) AS DECIMAL(18,9))
        AS list_unit_price,
    CAST(round(CAST(list_unit_price AS DECIMAL(28,9)) * 0.85, 9) AS DECIMAL(18,9)) AS earned_unit_price,
    CAST(round(CAST(list_unit_price AS DECIMAL(28,9)) * 0.6173, 9) AS DECIMAL(18,9)) AS reserved_unit_price,
    CAST(round(CAST(list_unit_price AS DECIMAL(28,9)) * 0.2718, 9) AS DECIMAL(18,9)) AS spot_unit_price,
    CAST(greatest_quantity_a_day * 1000000 AS BIGINT) AS greatest_millionths,
    always_whole,
    family NOT IN ('marketplace', 'account') AS is_credit_eligible,
    publisher, service_name, service_category, service_subcategory, meter_category, meter_subcategory, meter_name,
    unit, unit_description, resource_provider, resource_type, resource_stem,
    region_id, region_name, sku_region,
    guid('meter', concat(meter_number, '/', region_number)) AS meter_id,
    'DZH318Z0' || upper(left(md5(concat('product', meter_number)), 4)) AS sku_product,
    sku_product || '/' || upper(left(md5(concat('sku', meter_number, region_number)), 4)) AS sku_id,
    concat_ws(' - ', nullif(concat_ws(' ', meter_category, meter_subcategory), ''), nullif(meter_name, ''), sku_region)
        AS product_description
FROM meters, regions, currencies;

CREATE TABLE kinds AS
SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS kind_number, *
FROM read_csv(getvariable('folder') || '/kinds.csv', header = true, types = {
    'fixed_price': 'DECIMAL(18,9)', 'charge_class': 'VARCHAR', 'commitment': 'VARCHAR', 'currency': 'VARCHAR'});

-- One table for both draws: a resource keeps its kind all month, an event strikes one line (NULL = no event).
CREATE TABLE kind_slots AS
SELECT
    CAST(row_number() OVER (PARTITION BY drawn_by ORDER BY kind_number, range) - 1 AS INTEGER) AS slot,
    drawn_by, kind_number
FROM kinds, range(share);

-- What a line of a kind is in the currency of its subscription.
CREATE TABLE terms AS
WITH stretches AS (
    SELECT
        CASE stretch WHEN 1 THEN 'azure' WHEN 2 THEN 'committable' WHEN 3 THEN 'marketplace' ELSE 'account' END AS family,
        min(slot) AS first_meter_slot, count(*) AS meter_slot_count
    FROM meter_slots GROUP BY stretch
)
SELECT
    CAST(kind_number * 8 + owner_currency.currency_number AS INTEGER) AS terms_number,
    kinds.* EXCLUDE (currency, fixed_price, kind_number, drawn_by, share, family),
    kinds.family = 'marketplace' AS is_marketplace,
    first_meter_slot, meter_slot_count,
    CAST(round(CAST(fixed_price AS DECIMAL(24,9)) * CAST(charged.exchange_rate AS DECIMAL(10,6)), 9) AS DECIMAL(18,9)) AS fixed_unit_price,
    charged.*,
    CAST(getvariable('first_day') - to_months(months_late) AS DATE) AS charge_month
FROM kinds
JOIN stretches USING (family)
CROSS JOIN currencies AS owner_currency
JOIN currencies AS charged ON charged.currency = coalesce(kinds.currency, owner_currency.currency);

CREATE TABLE applications AS
SELECT
    CAST(range AS INTEGER) AS application_number,
    ['shop', 'erp', 'crm', 'portal', 'billing', 'analytics', 'intranet', 'iot', 'backup', 'network', 'mail', 'ai']
        [1 + range % 12] AS application,
    ['prod', 'test', 'dev', 'prod'][1 + range // 12] AS environment,
    'rg-' || application || '-' || environment AS resource_group,
    CASE WHEN range % 5 > 0 THEN concat(
        '{"app":"', application, '","env":"', environment, '","costCenter":"', 4000 + range * 17, '"}') ELSE '{}' END AS tags
FROM range(48);
