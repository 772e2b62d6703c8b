"""How weak a scheme is: what is measured, what it means, and the report; extra ``report``."""
