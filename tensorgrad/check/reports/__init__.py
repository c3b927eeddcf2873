"""Reports: what was found, as text, page and plain data."""
