"""debug: what goes wrong is an error where it does."""
