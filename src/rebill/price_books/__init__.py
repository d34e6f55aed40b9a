"""The price book language: specifications in XML and YAML, and the rules they say."""
