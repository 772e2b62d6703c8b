"""The app: an HTTP API, and pages to read, see and label with."""
