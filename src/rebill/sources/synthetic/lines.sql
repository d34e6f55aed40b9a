-- The lines of one file: rows `first_row` up to, not including, `end_row`, in the columns of Microsoft's FOCUS 1.2
-- export. A resource keeps its subscription, kind, meter and region all month and gives a line each day (day by
-- day, as exports come); now and then an event (a purchase, a refund, tax) takes a line's place.
WITH drawn AS (
    SELECT
        range AS n,
        CAST(range // getvariable('resources') AS INTEGER) AS day,
        range % getvariable('resources') AS resource_number,
        chance('line', range) AS luck,
        chance('resource', resource_number) AS resource_luck
    FROM range(getvariable('first_row'), getvariable('end_row'))
),
placed AS (
    SELECT
        n, day, resource_number, luck, resource_luck, subscription.*,
        -- The first lines are one of each kind, so that even a small month has all of them.
        CASE WHEN n < getvariable('kinds') THEN CAST(n AS INTEGER)
            ELSE coalesce(event.kind_number, resource_kind.kind_number) END AS kind_number,
        day < first_day_without_credit OR day >= next_day_with_credit AS manages_today
    FROM drawn
    JOIN subscriptions AS subscription ON subscription_number =
        -- The cube of an even draw: a few subscriptions have most of the lines.
        ((((resource_luck & 1048575) * (resource_luck & 1048575)) >> 20) * (resource_luck & 1048575) >> 20)
            * getvariable('subscriptions') >> 20
    LEFT JOIN kind_slots AS event ON event.drawn_by = 'line' AND event.slot = (luck & 65535) % 10000
    JOIN kind_slots AS resource_kind ON resource_kind.drawn_by = 'resource'
        AND resource_kind.slot = ((resource_luck >> 20) & 16383) % getvariable('resource_kind_slots')
),
metered AS (
    SELECT
        placed.*, terms.* EXCLUDE (currency_number), product.*, application.*,
        coalesce(fixed_unit_price, list_unit_price) AS full_unit_price,
        earns_credit AND manages_today AND is_credit_eligible AND billed = 'earned' AS earns,
        CASE billed
            WHEN 'earned' THEN CASE WHEN earns THEN earned_unit_price ELSE list_unit_price END
            WHEN 'list' THEN full_unit_price
            WHEN 'spot' THEN spot_unit_price
            ELSE 0 END AS billed_unit_price,
        CASE effective WHEN 'billed' THEN billed_unit_price WHEN 'reserved' THEN reserved_unit_price ELSE 0 END
            AS effective_unit_price,
        CASE list WHEN 'list' THEN full_unit_price WHEN 'nothing' THEN 0 END AS shown_list_unit_price,
        (luck >> 16) & 1048575 AS share,
        CAST(CASE quantity_sign WHEN 0 THEN ((luck >> 43) & 1) * 2 - 1 ELSE quantity_sign END * CASE
            WHEN quantity = 'counted' THEN 1000000 * (1 + ((luck >> 39) & 3))
            WHEN quantity = 'share' THEN share * 1000000 >> 20
            WHEN always_whole AND (luck >> 36) & 7 > 2 THEN greatest_millionths
            ELSE 1 + (share * greatest_millionths >> 20) END AS DECIMAL(18,0)) * CAST(0.000001 AS DECIMAL(7,6)) AS exact_quantity,
        CAST(exact_quantity AS DECIMAL(19,6)) AS units,
        months_late > 0 AS is_late,
        CAST(charge_month + CASE WHEN months_late > 0 THEN day % 28 ELSE day END AS TIMESTAMP) AS charge_start
    FROM placed
    JOIN terms ON terms_number = kind_number * 8 + placed.currency_number
    JOIN meter_slots AS meter ON meter.slot = first_meter_slot + ((resource_luck >> 34) & 16383) % meter_slot_count
    JOIN region_slots AS region ON region.slot = ((resource_luck >> 48) & 16383) % 100
    JOIN products AS product ON product_number = (meter.meter_number * 64 + region.region_number) * 8 + terms.currency_number
    JOIN applications AS application ON application_number = resource_number % 48
),
named AS (
    SELECT
        *,
        owner = 'subscription' AS has_subscription,
        owner <> 'nobody' AS has_customer,
        has_subscription AND charge_category = 'Usage' AS has_resource,
        publisher <> 'Microsoft' AS is_marketplace_product,
        CASE WHEN quantity <> 'share' THEN units END AS shown_quantity,
        CASE WHEN has_resource THEN concat(resource_stem, '-', application, '-', resource_number) END AS resource_name,
        CASE commitment WHEN 'Reservation' THEN reservation_id WHEN 'Savings Plan' THEN savings_plan_id END AS commitment_id
    FROM metered
)
SELECT
    CAST(billed_unit_price * units AS DECIMAL(28,15)) AS BilledCost,
    billing_profile_id AS BillingAccountId,
    billing_profile_name AS BillingAccountName,
    'Billing Profile' AS BillingAccountType,
    currency AS BillingCurrency,
    CAST(getvariable('next_month') AS TIMESTAMP) AS BillingPeriodEnd,
    CAST(getvariable('first_day') AS TIMESTAMP) AS BillingPeriodStart,
    CAST(NULL AS VARCHAR) AS CapacityReservationId,
    CAST(NULL AS VARCHAR) AS CapacityReservationStatus,
    charge_category AS ChargeCategory,
    charge_class AS ChargeClass,
    coalesce(description, product_description) AS ChargeDescription,
    charge_frequency AS ChargeFrequency,
    charge_start + CASE WHEN charge_category = 'Purchase' THEN INTERVAL 1 MONTH ELSE INTERVAL 1 DAY END AS ChargePeriodEnd,
    charge_start AS ChargePeriodStart,
    CASE commitment WHEN 'Reservation' THEN 'Usage' WHEN 'Savings Plan' THEN 'Spend' END AS CommitmentDiscountCategory,
    commitment_id AS CommitmentDiscountId,
    CASE commitment WHEN 'Reservation' THEN reservation_name WHEN 'Savings Plan' THEN savings_plan_name END
        AS CommitmentDiscountName,
    CASE WHEN commitment IS NOT NULL THEN shown_quantity END AS CommitmentDiscountQuantity,
    commitment_status AS CommitmentDiscountStatus,
    commitment AS CommitmentDiscountType,
    CASE WHEN commitment IS NOT NULL THEN unit END AS CommitmentDiscountUnit,
    CASE WHEN charge_category = 'Usage' THEN shown_quantity END AS ConsumedQuantity,
    CASE WHEN charge_category = 'Usage' THEN unit END AS ConsumedUnit,
    CAST(shown_list_unit_price * units AS DECIMAL(28,15)) AS ContractedCost,
    shown_list_unit_price AS ContractedUnitPrice,
    CAST(effective_unit_price * units AS DECIMAL(28,15)) AS EffectiveCost,
    invoice_id AS InvoiceId,
    'Fabrikam Cloud Partner' AS InvoiceIssuerName,
    CAST(shown_list_unit_price * units AS DECIMAL(28,15)) AS ListCost,
    shown_list_unit_price AS ListUnitPrice,
    pricing_category AS PricingCategory,
    'USD' AS PricingCurrency,
    shown_quantity AS PricingQuantity,
    CASE WHEN quantity <> 'share' THEN unit END AS PricingUnit,
    'Microsoft' AS ProviderName,
    publisher AS PublisherName,
    CASE WHEN has_resource THEN region_id END AS RegionId,
    CASE WHEN has_resource THEN region_name END AS RegionName,
    CASE WHEN has_resource THEN concat(
        subscription_id, '/resourcegroups/', resource_group, '/providers/', resource_provider, '/', resource_name)
        ELSE commitment_id END AS ResourceId,
    resource_name AS ResourceName,
    CASE WHEN has_resource THEN resource_type END AS ResourceType,
    service_category AS ServiceCategory,
    service_name AS ServiceName,
    service_subcategory AS ServiceSubcategory,
    sku_product AS SkuId,
    meter_name AS SkuMeter,
    CAST(NULL AS VARCHAR) AS SkuPriceDetails,
    sku_id AS SkuPriceId,
    CASE WHEN has_subscription THEN subscription_id END AS SubAccountId,
    CASE WHEN has_subscription THEN subscription_name END AS SubAccountName,
    CASE WHEN has_subscription THEN 'Subscription' END AS SubAccountType,
    CASE WHEN has_resource THEN tags END AS Tags,
    CASE WHEN commitment IS NOT NULL THEN
        CASE charge_category WHEN 'Purchase' THEN 'Principal' ELSE 'Amortized Charge' END END AS x_AmortizationClass,
    billed_unit_price AS x_BilledUnitPrice,
    exchange_rate AS x_BillingExchangeRate,
    CASE WHEN has_customer THEN customer_id END AS x_CustomerId,
    CASE WHEN has_customer THEN customer_name END AS x_CustomerName,
    effective_unit_price AS x_EffectiveUnitPrice,
    CASE WHEN billed = 'earned' THEN CASE WHEN earns THEN 'true' ELSE 'false' END END AS x_PartnerCreditApplied,
    CASE WHEN billed = 'earned' THEN CASE WHEN earns THEN '0.15' ELSE '0' END END AS x_PartnerCreditRate,
    unit_description AS x_PricingUnitDescription,
    CASE WHEN is_marketplace_product THEN 'Vendor' ELSE 'Cloud Provider' END AS x_PublisherCategory,
    CASE WHEN has_customer THEN reseller_id END AS x_ResellerId,
    CASE WHEN has_customer THEN reseller_name END AS x_ResellerName,
    CASE WHEN has_resource THEN resource_group END AS x_ResourceGroupName,
    CASE WHEN has_resource THEN resource_provider END AS x_ResourceType,
    is_credit_eligible AS x_SkuIsCreditEligible,
    meter_category AS x_SkuMeterCategory,
    meter_id AS x_SkuMeterId,
    meter_subcategory AS x_SkuMeterSubcategory,
    CASE WHEN has_subscription THEN azure_plan_id END AS x_SkuOrderId,
    CASE WHEN has_subscription THEN 'Azure plan' END AS x_SkuOrderName,
    sku_region AS x_SkuRegion
FROM named
