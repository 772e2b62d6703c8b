"""Findings about a data set, before anything is trained on it."""

from captchascope.check.images import narrow_findings, timesteps_needed
from captchascope.check.inspection import check_dataset
from captchascope.check.labels import label_findings
from captchascope.check.layout import layout_findings
from captchascope.check.report import Finding, Mention, Report, Severity

__all__ = [
    "Finding",
    "Mention",
    "Report",
    "Severity",
    "check_dataset",
    "label_findings",
    "layout_findings",
    "narrow_findings",
    "timesteps_needed",
]
