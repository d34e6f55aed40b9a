"""The billing export of Microsoft Graph: asked for, waited for, and fetched as files."""
