"""Addresses bear no secret, and what is shown of one that does is without it."""

import pytest

from rebill.storage.address import address_fault, shown_address

BEARING = {
    "ftp://user:Hunter2@127.0.0.1:9/costs": "ftp://…@127.0.0.1:9/costs",
    "FTP://user:Hunter2@host/costs": "FTP://…@host/costs",
    "ftp:/user:Hunter2@host/costs": "ftp:/…@host/costs",
    "sftp://user%3AHunter2@host/costs": "sftp://…@host/costs",
    "simplecache::ftp://user:Hunter2@host/costs": "simplecache::ftp://…@host/costs",
    "zip://*.csv::ftp://user:Hunter2@host/costs.zip": "zip://…",
    "ftp://user:Hun@ter2@host/costs": "ftp://…",
    "ftp://user:Hun/ter2@host/costs": "ftp://…",
    "ftp://user:Hun?ter2@host/costs": "ftp://…",
    "ftp://user:Hunter2@host/costs/me@corp": "ftp://…",
    "ftp://user:Hunter2@host/costs?sig=Hunter2": "ftp://…@host/costs",
    "github://Hunter2@github.com/costs": "github://…@github.com/costs",
    "github://tok:Hunter2@main/costs": "github://…@main/costs",
    "https://Hunter2@host/costs.csv": "https://…@host/costs.csv",
    "abfs://costs:Hunter2@account.dfs.core.windows.net/daily": "abfs://…@account.dfs.core.windows.net/daily",
    "az://costs/daily?sig=Hunter2": "az://costs/daily",
    "AZ://costs/daily?sig=Hunter2": "AZ://costs/daily",
}


@pytest.mark.parametrize(("address", "shown"), BEARING.items())
def test_an_address_that_bears_a_secret_has_a_fault_and_is_shown_without(address: str, shown: str) -> None:
    assert "an address bears no" in address_fault(address)
    assert shown_address(address) == shown


@pytest.mark.parametrize(
    "address",
    [
        "sftp://user@host:22/costs",
        "ftp://host:21/costs/me@corp",
        "ftp://user@[::1]:21/costs",
        "abfs://costs@account.dfs.core.windows.net/daily",
        "az://costs/me@corp",
        "s3://costs/daily:1@2",
        "s3://arn:aws:s3:eu-west-1:123:accesspoint/costs/me@corp",
        "file:///srv/me@corp",
        "file:///me@corp/costs",
        "zip://*.csv::az://costs/daily.zip",
        "/srv/me@corp/who?",
        "C:/me@corp",
        "costs.csv",
    ],
)
def test_a_name_and_a_path_are_no_secret(address: str) -> None:
    assert (address_fault(address), shown_address(address)) == ("", address)
