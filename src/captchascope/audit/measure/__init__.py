"""The measurements of an audit: each takes a setting and returns a record of figures."""
