"""What the OpenAPI document says in words of its own: of the API as a whole, and of each group of calls."""

ABOUT = """\
Assign Azure accounts and subscriptions to a partner's customers, and bill each of them.

**Keys.** Send a key as `Authorization: Bearer <key>`, as the bare value of that header, or as `?api_key=<key>`,
which an installation may turn off. When both are sent the header decides.

**Order of checks.** The first that fails answers: key 401, length of path and query 414, path 404, method 405,
calls a minute 429, role 403, id in the path 404, size 413, parameters, media type and body 422, and then what the
call means.

**Errors** have one shape: `error` says what to do, `code` is for programs, `request_id` finds the request in the
server's log; with 422, `fields` names every fault by its place.

**Lists** take `page` and `per_page`, or `after_id` to page by key: then nothing is missed or met twice while
others change the list.

**Repeats.** PUT and DELETE can be repeated as they are, and a POST with the same `Idempotency-Key`.

**Numbers** have exactly their digits: read them as decimals. Times are in UTC. Every documented key stands in
every answer.
"""
TAGS = {
    "azure_partner_customer_accounts": (
        "Azure accounts",
        "Which Azure customers of the partner belong to which of its customers, and since when.",
    ),
    "customers": ("Customers", "Those whom the partner bills."),
    "cost_allocations": (
        "Cost allocations",
        "Whose the charges are that name neither subscription nor tenant: by commitment, or by kind of charge.",
    ),
    "manual_lines": (
        "Manual lines",
        "Amounts that no file has, each on one customer's statement of one month.",
    ),
    "microsoft_invoices": (
        "Microsoft's invoices",
        "What Microsoft invoiced the partner, to compare imported cost with.",
    ),
    "reconciliation": ("Reconciliation", "A month's imported cost beside Microsoft's invoices."),
    "month_checklist": ("Month checklist", "What a month needs before it is closed, and what to do next."),
    "month_verification": ("Verification", "Whether what is recorded of a month follows from its recorded inputs."),
    "month_comparison": ("Parallel runs", "A month beside what the tool that billed before made of it."),
    "data_sets": ("Imported cost", "What came in to be billed, and what of it could not be read."),
    "month_differences": ("Differences", "Why a month is another amount now than it was."),
    "what_if": ("What-if", "Changes that are tried on a month; nothing is stored."),
    "runs": ("Runs", "A month is priced into Estimated statements, by itself."),
    "closings": ("Closing", "What issues documents, for ever."),
    "closing_proposals": ("Approval", "What waits for a second person before it is issued."),
    "attention_lines": (
        "Lines that need attention",
        "Charges that a person looks at before their month is closed.",
    ),
    "syncs": ("Syncs", "What was brought from Microsoft by itself, and how it ended."),
    "document_deliveries": ("Deliveries", "Issued documents on their way to customers, and what became of them."),
    "margins": ("Margins", "What the partner keeps of what customers are billed."),
    "customer_statements": ("Statements", "What customers are billed: estimated, or issued and final."),
    "letterhead": ("Letterhead", "What every document shows of the partner."),
    "tax_rules": ("Tax", "What tax stands on customers' documents, beside their net totals."),
    "azure_partner_customers": ("Azure catalogue", "What Microsoft Partner Center lists for the partner."),
    "azure_subscriptions": (
        "Subscriptions",
        "Single subscriptions that are billed to a customer, whoever has the Azure customer around them.",
    ),
    "partner_billing_rules": ("Billing rules", "Fees and shares of spend that stand on statements."),
    "price_books": ("Price books", "What customers are charged for what they use, and dry runs of it."),
    "price_book_assignments": ("Price book assignments", "Which customer has which price book, and in which months."),
    "price_book_account_assignments": (
        "Price book accounts",
        "Which accounts a price book prices: a book prices no account that is not named here.",
    ),
    "users": ("Users", "People and programs that call the API, of the partner or of a customer."),
    "api_keys": ("API keys", "Keys of users: each is shown once, when it is made."),
    "partner_guards": (
        "Partner guards",
        "Bounds of the prices of all customers that have none of their own, by month.",
    ),
    "partner_settings": ("Partner settings", "What holds for the partner as a whole."),
    "audit_entries": ("Audit trail", "Who changed what, when and why, and what was refused."),
}
"""Name and description of each group, by the part of the path after the version."""
OPERATION_TAG = ("Operation", "Whether the server is up and what it does; no key is asked for.")
