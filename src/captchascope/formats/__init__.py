"""Labels in every form that people have: one file for each, in and out."""
