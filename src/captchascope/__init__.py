"""Read, train on and audit text CAPTCHAs, offline."""
