"""What single texts of a line say, as ``docs/price-books.md`` has it; without an engine."""

import pytest

from rebill.rating.line_columns import Instance, instance_of_details, instance_of_meter, is_data_transfer

LARGE = Instance(("m5.large", "m5"), "large")
D2S = Instance(("Standard_D2s_v3",), "D2s_v3")


@pytest.mark.parametrize(
    ("meter", "instance"),
    [
        ("USE1-BoxUsage:m5.large", LARGE),
        ("USE1-NodeUsage:cache:m5.large", LARGE),
        ("EUC1-InstanceUsage:db.r5.2xlarge", Instance(("db.r5.2xlarge", "db.r5"), "2xlarge")),
        ("m5.large", None),
        ("USE1-BoxUsage:M5.large", None),
        ("USE1-BoxUsage:m5", None),
        ("USE1-BoxUsage:", None),
        ("D2s v3", None),
    ],
)
def test_a_usage_type_of_amazon_names_an_instance_behind_its_last_colon(meter: str, instance: Instance | None) -> None:
    assert instance_of_meter(meter) == instance


@pytest.mark.parametrize(
    ("details", "instance"),
    [
        ('{"InstanceType": "m5.large"}', LARGE),
        ('{"x_InstanceType": "m5.large"}', LARGE),
        ('{"ServiceType": "Standard_D2s_v3"}', D2S),
        ('{"x_ServiceType": "Standard_D2s_v3"}', D2S),
        ('{"x_ServiceType": "Standard_D2s_v3", "InstanceType": "m5.large"}', LARGE),
        ('{"InstanceType": "", "ServiceType": 3, "x_ServiceType": "Basic"}', Instance(("Basic",), None)),
        ('{"instancetype": "m5.large"}', None),
        ("{}", None),
        ('["InstanceType"]', None),
        ("m5.large", None),
        ("[" * 100_000, None),
    ],
)
def test_details_of_a_price_name_an_instance_by_type_before_service(details: str, instance: Instance | None) -> None:
    assert instance_of_details(details) == instance


@pytest.mark.parametrize(
    ("text", "transfers"),
    [
        ("Standard Data Transfer Out", True),
        ("USE1-DATATRANSFER-Out", True),
        ("USE2-USE1-AWS-Out-Bytes", True),
        ("USE2-USE1-AWS-In-Bytes", True),
        ("In-Bytes", False),
        ("USE1-Out-Bytes-Stored", False),
        ("Data transformed", False),
    ],
)
def test_data_transfer_is_told_by_words_and_ends_in_any_case(text: str, transfers: bool) -> None:
    assert is_data_transfer(text) is transfers
