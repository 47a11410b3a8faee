"""An index of the monitors that files declare: a start compares those, and not every monitor there is."""

SCRIPT = """
CREATE INDEX monitors_declared ON monitors (project_id) WHERE source = 'file'
"""
