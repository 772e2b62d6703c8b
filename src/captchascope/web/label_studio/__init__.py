"""A machine-learning backend of Label Studio: it fills in what an image reads.

Label Studio asks by plain HTTP, as its ``ml/api_connector.py`` does: ``/health`` and ``/setup``
before all else, ``/predict`` with tasks, ``/webhook`` at every event, ``/versions``.
"""
