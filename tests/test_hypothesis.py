"""Generated examples never fail by the clock."""

from pathlib import Path

from hypothesis import HealthCheck, settings


def test_no_test_has_a_deadline_on_a_loaded_machine() -> None:
    assert settings.default.deadline is None
    assert HealthCheck.too_slow in settings.default.suppress_health_check
    with_a_deadline = [
        path.name
        for path in Path(__file__).parent.rglob("test_*.py")
        if "deadline=" in path.read_text("utf-8") and path != Path(__file__)
    ]
    assert with_a_deadline == [], "the profile in conftest.py speaks for all"
