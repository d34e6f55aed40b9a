"""What a sync brought, in words."""

from rebill.model.sync import SyncResult


def test_counts_agree_with_their_words() -> None:
    counts = {"deliveries": 1, "without_data": 1, "rows": 1_200, "invoice_totals": 1, "gone": 0, "requests": 0}
    told = SyncResult(counts).told
    assert told == "1 delivery, 1 without data, 1,200 rows, 1 invoice total, 0 gone, 0 requests"
