"""An audit as a page, as JSON, SARIF and JUnit, and many of them ranked on one page."""
