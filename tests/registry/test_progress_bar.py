"""The rate that a bar shows is that of the work since it appeared."""

from rich.progress import Progress

from skybench.registry.progress_bar import RateColumn


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
