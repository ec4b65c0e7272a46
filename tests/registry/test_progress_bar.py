"""The rate that a bar shows is that of the work since it appeared; notebooks get no warning."""

from rich import console
from rich.progress import Progress

from skybench.registry.progress_bar import RateColumn, progress_bar


def test_the_rate_counts_all_the_time_and_no_step_of_earlier():
    now = [0.0]
    bar = Progress(get_time=lambda: now[0], auto_refresh=False)
    bar.add_task("Building sky", total=100, completed=40)
    (task,) = bar.tasks
    column = RateColumn("samples", done=40)
    assert column.render(task).plain == ""
    now[0] = 3.0
    assert column.render(task).plain == ""
    bar.advance(task.id, 60)
    assert column.render(task).plain == "20 samples/s"


def test_a_notebook_without_widgets_sees_the_end_and_no_warning(monkeypatch, capsys):
    monkeypatch.setattr(console, "_is_jupyter", lambda: True)
    with progress_bar("Building sky", 2) as advance:
        advance(2)
    said = capsys.readouterr()
    assert "Building sky" in said.err
    assert said.out == ""
