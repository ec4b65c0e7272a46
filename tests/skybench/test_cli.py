"""The command line as a user meets it: what it prints, its exit codes, its one-line errors."""

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
import yaml
from jsonschema import Draft202012Validator

from skybench.generators.generate import GENERATOR, generate
from skybench.registry.open import open as open_version

COMMANDS = [
    "list",
    "info",
    "generate",
    "build",
    "release",
    "verify",
    "evaluate",
    "diagnose",
    "leaderboard",
    "gallery",
    "demo",
    "audit",
    "witness",
    "forget",
    "match",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(skybench, command):
    status, out, _ = skybench(command, "--help")
    assert status == 0
    assert skybench(command, "-h") == (status, out, "")
    assert f"Example: skybench {command}" in " ".join(out.split())


def test_the_version_is_that_of_the_package_and_its_generators(skybench):
    status, out, _ = skybench("--version")
    assert (status, out) == (0, f"skybench {version('skybench')}, {GENERATOR}\n")


def test_list_shows_versions_and_recipes(skybench, demo_store):
    status, out, _ = skybench("list", "--store", demo_store)
    assert status == 0
    for word in ("objects", "sky", "0.0", "sha256:", "28 x 28", "multilabel"):
        assert word in out


def test_list_of_an_empty_store_still_shows_the_recipes(skybench, tmp_path):
    status, out, _ = skybench("list", "--store", tmp_path / "none")
    assert status == 0
    assert "No versions in" in out
    assert "objects" in out


def test_list_groups_the_rungs_by_recipe(skybench, tmp_path):
    _, out, _ = skybench("list", "--store", tmp_path / "none")
    lines = out.splitlines()
    assert "  sky: clean, easy, hard, alone, blended, rare, two_classes" in lines
    assert "named like sky/hard:" in out


def test_info_tells_what_a_version_is(skybench, demo_store):
    status, out, _ = skybench("info", "objects@0", "--store", demo_store)
    assert status == 0
    for word in ("sha256:", "60 (train ", "star, elliptical", "CC-BY-4.0"):
        assert word in out


def test_generate_writes_the_rows_it_was_asked_for(skybench, tmp_path):
    out = tmp_path / "rows.npz"
    status, text, _ = skybench("generate", "objects", "--start", 3, "--stop", 8, "--out", out)
    assert status == 0
    assert "5 samples" in text
    with np.load(out) as rows:
        assert rows["image"].shape == (5, 28, 28)
        assert rows["sample_id"].tolist() == [3, 4, 5, 6, 7]


def test_generate_refuses_a_file_type_it_cannot_write(skybench, tmp_path):
    status, _, err = skybench("generate", "objects", "--out", tmp_path / "rows.np")
    assert status == 2
    assert "did you mean '.npz'?" in err


def test_generate_never_overwrites(skybench, tmp_path):
    out = tmp_path / "rows.npz"
    out.write_text("precious")
    status, _, err = skybench("generate", "objects", "--out", out)
    assert status == 2
    assert "exists" in err
    assert out.read_text() == "precious"


def test_build_prints_the_content_hash_and_does_not_build_twice(skybench, tmp_path):
    out = tmp_path / "small.zarr"
    first = skybench("build", "objects", out, "--samples", 20)
    second = skybench("build", "objects", out, "--samples", 20)
    assert first[0] == second[0] == 0
    assert "20 samples made" in first[1]
    assert "small.zarr is complete already; nothing to do" in second[1]
    assert first[1].splitlines()[-1] == second[1].splitlines()[-1]
    assert first[1].splitlines()[-1].startswith("sha256:")


def test_recipe_schema_is_a_schema_that_the_packaged_recipes_fit(skybench):
    status, out, _ = skybench("recipe", "schema")
    assert status == 0
    schema = json.loads(out)
    Draft202012Validator.check_schema(schema)
    shown = yaml.safe_load(skybench("recipe", "show", "sky")[1])
    assert list(Draft202012Validator(schema).iter_errors(shown)) == []


def test_a_shown_recipe_is_a_recipe(skybench, tmp_path):
    path = tmp_path / "again.yaml"
    path.write_text(skybench("recipe", "show", "objects")[1])
    status, out, _ = skybench("recipe", "check", path)
    assert status == 0
    assert "10,000 samples of objects" in out


def test_leaderboard_as_a_table_and_as_json(skybench, demo_store):
    status, table, _ = skybench("leaderboard", "objects@0", "--store", demo_store)
    assert status == 0
    rows = json.loads(skybench("leaderboard", "objects@0", "--json", "--store", demo_store)[1])
    names = [row["name"] for row in rows]
    assert "logistic-regression" in names
    assert all(name in table for name in names)
    assert {row["evidence"] for row in rows} == {"recomputed"}
    assert "this board is an honour system" in " ".join(table.split())


def test_scores_that_were_not_recomputed_are_marked(skybench, tmp_path):
    _, table, _ = skybench("leaderboard", "sky@0.3", "--store", tmp_path)
    assert "97.83% †" in table
    assert "† not recomputed" in table


def test_what_is_said_of_a_submission_is_in_the_json_and_what_is_left_out_beside_it(
    skybench, demo_store, tmp_path
):
    import skybench as package

    store = shutil.copytree(demo_store, tmp_path / "store")
    ids = package.open("objects@0", split="test", store=store).sample_id.values
    pd.DataFrame({"sample_id": ids, "label": 0}).to_csv(tmp_path / "mine.csv", index=False)
    said = ["--code", "https://example.org/x", "--author", "A. Name", "--author", "B. Name"]
    said += ["--parameters", 7, "--pretraining", "none"]
    submit = ["evaluate", "objects@0", tmp_path / "mine.csv", "--name", "mine", "--submit"]
    assert skybench(*submit, *said, "--store", store)[0] == 0
    (store / "objects" / "0.0" / "submissions" / "forged.json").write_text("{")
    _, out, err = skybench("leaderboard", "objects@0", "--json", "--store", store)
    (mine,) = (row for row in json.loads(out) if row["name"] == "mine")
    authors = ["A. Name", "B. Name"]
    about = {"code": "https://example.org/x", "authors": authors, "pretraining": "none"}
    assert (mine["about"], mine["parameters"]) == (about, 7)
    assert err.startswith("left out: ")
    assert "forged.json is named by no line" in err
    submit[4] = "other"
    status, _, err = skybench(*submit, "--code", "x", "--store", store)
    assert (status, "code: " in err) == (2, True)


def test_evaluate_scores_a_file(skybench, demo_store, tmp_path):
    import skybench as package

    test = package.open("objects@0", split="test", store=str(demo_store))
    answers = tmp_path / "answers.csv"
    truth = {"sample_id": test.sample_id.values, "label": test.label.values}
    pd.DataFrame(truth).to_csv(answers, index=False)
    status, out, _ = skybench(
        "evaluate", "objects@0", answers, "--name", "Oracle", "--store", demo_store
    )
    assert status == 0
    assert "100.00%" in out


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["info", "skye@0"], "skye"),
        (["info", "sky@v0"], "sky@"),
        (["verify", "sky@9.9"], "9.9"),
        (["build", "objcts", "x.zarr"], "did you mean 'objects'?"),
        (["release", "1"], "1.0"),
        (["recipe", "check", "nowhere.yaml"], "nowhere.yaml"),
        (["generate", "sky", "--stop", "99999999"], "10000"),
        (["gallery", "sky@0", "picture.jpg"], "picture.png"),
        (["leaderboard", "nothing@0"], "nothing"),
        (["evaluate", "objects@0", "missing.csv", "--name", "X"], "missing.csv"),
        (["gallery", "mine.yaml", "picture.png"], "mine.yaml is a recipe, not a dataset"),
        (
            ["generate", "sky", "--out", "sky.xyz"],
            "A folder is named like sky-npy, sky-png",
        ),
        (["list", "--store", "s3:/bucket/dir"], "did you mean 's3://bucket/dir'?"),
    ],
)
def test_a_users_mistake_is_a_line_with_the_fix_and_exit_code_2(
    skybench, demo_store, tmp_path, monkeypatch, arguments, hint
):
    monkeypatch.setenv("SKYBENCH_STORE", str(demo_store))
    monkeypatch.chdir(tmp_path)
    status, _, err = skybench(*arguments)
    assert status == 2
    assert err.startswith("error: ")
    assert hint in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


def test_an_unknown_command_or_option_names_it(skybench):
    status, _, err = skybench("relase")
    assert status == 2
    assert "relase" in err
    assert skybench("list", "--stores")[0] == 2


PUBLISHED = Path(__file__).parents[1] / "data" / "format-1"

PRINTING = {
    "print": ["recipe", "schema"],
    "rich": ["list", "--store", PUBLISHED],
    "typer": ["leaderboard", "--help"],
    "less than a buffer": ["audit", "--store", PUBLISHED],
}


def run(*arguments, **options):
    command = [sys.executable, "-m", "skybench", *map(str, arguments)]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, **options)


@pytest.mark.parametrize("printed_by", PRINTING)
def test_a_reader_that_stops_early_is_no_error(printed_by):
    reader, writer = os.pipe()
    os.close(reader)
    done = run(*PRINTING[printed_by], stdout=writer)
    os.close(writer)
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("printed_by", PRINTING)
def test_an_output_that_is_full_is_one_line(printed_by):
    with open("/dev/full", "w") as full:
        done = run(*PRINTING[printed_by], stdout=full)
    assert (done.stderr, done.returncode) == ("error: the output: No space left on device\n", 1)


@pytest.mark.skipif(sys.platform == "win32", reason="needs sh")
def test_closed_streams_are_no_error():
    script = f"'{sys.executable}' -m skybench audit --store '{PUBLISHED}' <&- >&-"
    done = subprocess.run(["sh", "-c", script], stderr=subprocess.PIPE, text=True)
    assert (done.stderr, done.returncode) == ("", 0)


def test_a_terminal_that_is_not_of_utf_8_shows_what_it_can(tmp_path):
    store = shutil.copytree(PUBLISHED, tmp_path / "Süd #1 ?")
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = run("audit", "--store", store, stdout=subprocess.PIPE, env=environment)
    assert (done.stderr, done.returncode) == ("", 0)
    assert "S\\xfcd #1 ?: 1 versions" in done.stdout


@pytest.mark.parametrize("verb", ["list", "audit", "witness", "get sky@0.3", "leaderboard sky@0"])
def test_a_store_on_ftp_is_refused_in_one_line(skybench, verb):
    status, _, err = skybench(*verb.split(), "--store", "ftp://127.0.0.1:1/x")
    assert (status, err.count("\n")) == (2, 1)
    assert "is on FTP, which skybench does not read; use an https:// URL" in err


@pytest.mark.parametrize("verb", ["list", "witness", "verify sky@0.3", "leaderboard sky@0"])
def test_a_server_that_does_not_answer_is_told_in_one_line(skybench, verb):
    status, _, err = skybench(*verb.split(), "--store", "http://127.0.0.1:9/x")
    assert (status, err.count("\n")) == (2, 1)
    assert "no server answers there; check the URL" in err


@pytest.mark.parametrize("name", ["nul.yaml", "COM1.yaml", "trailing.", "blank "])
def test_a_recipe_is_not_written_under_a_name_that_windows_does_not_take(skybench, tmp_path, name):
    status, _, err = skybench("recipe", "new", "mine", "--out", tmp_path / name)
    assert status == 2
    assert "is a name that Windows does not take" in err
    assert not list(tmp_path.iterdir())


def test_a_recipe_whose_name_windows_does_not_take_is_not_released(skybench, tmp_path):
    skybench("recipe", "new", "nul", "--out", tmp_path / "mine.yaml")
    store = tmp_path / "store"
    status, _, err = skybench(
        "release", "0.1", tmp_path / "mine.yaml", "--no-baselines", "--store", store
    )
    assert status == 2
    assert "'nul' in 'recipe nul' is a name that Windows does not take" in err
    assert not store.exists()


def test_witness_and_audit_since_it(skybench, tmp_path):
    heads, store = tmp_path / "heads.jsonl", ("--store", PUBLISHED)
    status, line, _ = skybench("witness", *store)
    assert (status, json.loads(line)["lines"]) == (0, 1)
    assert skybench("witness", "--to", heads, *store)[1].startswith(f"{heads}: {{")
    status, out, _ = skybench("audit", "--since", heads, *store)
    assert status == 0
    assert "nothing was added to the index" in out
    status, out, _ = skybench("audit", "--since", "sha256:" + "0f" * 32, *store)
    assert status == 1
    assert "does not extend what was kept" in out
    status, _, err = skybench("forget", PUBLISHED)
    assert status == 2
    assert f"nothing is remembered of {PUBLISHED}" in err


def test_a_release_names_the_network_that_was_meant(skybench, tmp_path):
    code, _, err = skybench("release", "0.1", "--network", "resnet-50", "--store", tmp_path)
    assert (code, "did you mean 'resnet50'?" in err) == (2, True)


def test_evaluate_takes_a_rung_and_a_store_without_a_version(skybench, tmp_path):
    store = tmp_path / "shapes.zarr"
    assert skybench("build", "shapes2", store, "--samples", 100)[0] == 0
    answers = tmp_path / "mine.csv"
    rows = np.flatnonzero(xr.open_zarr(store).split == 2)
    pd.DataFrame({"sample_id": rows, "label": 0}).to_csv(answers, index=False)
    status, text, _ = skybench("evaluate", store, answers, "--name", "Zeros")
    assert (status, text.splitlines()[0].startswith(f"Zeros on {store}: accuracy 50.00%")) == (0, 1)
    status, _, errors = skybench("evaluate", store, answers, "--name", "Zeros", "--submit")
    assert (status, "is not a released version" in errors) == (2, True)
    status, _, errors = skybench("evaluate", "shapes2/hard", answers)
    assert (status, "lacks 1180 of its 1200 ids" in errors) == (2, True)


def test_a_recipe_is_changed_for_once(skybench, tmp_path):
    quiet = ["--set", "noise.scale=0", "--set", "image.shape=[24, 32]"]
    out = tmp_path / "quiet.npz"
    status, said, _ = skybench("generate", "sky", "--stop", 2, *quiet, "--out", out)
    assert (status, said) == (0, f"{out}: 2 samples of sky_changed\n")
    with np.load(out) as arrays:
        assert arrays["image"].shape == (2, 24, 32)
        assert arrays["split"].dtype == np.int8
    _, said, _ = skybench("generate", "sky", "--stop", 2, *quiet)
    assert "sky_changed" in said
    status, said, _ = skybench("build", "sky", tmp_path / "a.zarr", "--samples", 20, *quiet)
    assert status == 0
    status, *_ = skybench("gallery", "sky", tmp_path / "a.png", "--recipe", "--count", 2, *quiet)
    assert status == 0


def test_a_change_that_does_not_fit_is_told_in_a_line(skybench, tmp_path):
    status, _, said = skybench("generate", "sky", "--set", "noise.scal=0")
    assert status == 2
    assert said.startswith("error: changes of sky: noise.scal: unknown key 'scal'; did you mean")
    status, _, said = skybench("gallery", "sky@0", tmp_path / "a.png", "--set", "noise.scale=0")
    assert (status, said) == (
        2,
        "error: --set changes a recipe, and sky@0 is a dataset of a store; add --recipe\n",
    )


def test_a_release_without_baselines_trains_nothing_and_records_nothing(skybench, tmp_path):
    options = ["--samples", 20, "--store", tmp_path, "--no-baselines"]
    status, said, _ = skybench("release", "0.1", "objects", *options)
    assert status == 0
    assert "training" not in said
    status, said, _ = skybench("leaderboard", "objects", "--store", tmp_path)
    assert status == 0
    status, _, said = skybench("release", "0.2", "objects", *options, "--seeds", 1)
    assert (status, said.startswith("error: training options say what to train")) == (2, True)


def test_list_is_there_for_programs(skybench, demo_store):
    status, out, _ = skybench("list", "--json", "--store", demo_store)
    rows = {(row["dataset"], row["version"]): row for row in json.loads(out)}
    assert status == 0
    assert rows["sky", None]["rungs"][0] == "sky/clean"
    assert rows["objects", "0.0"]["in_store"] is True
    assert rows["sky", "0.3"]["recorded"] is True
    assert rows["sky", "0.3"]["content_hash"].startswith("sha256:")


def test_list_names_the_versions_that_skybench_records(skybench, tmp_path):
    _, out, _ = skybench("list", "--store", tmp_path / "none")
    recorded = [f"{name}@0.{minor}" for name in ("objects", "sky") for minor in (1, 2, 3, 4)]
    assert f"Recorded by skybench: {', '.join(recorded)}" in out


def test_a_sealed_version_is_released_scored_and_opened(skybench, tmp_path):
    store, seal = ("--store", tmp_path / "store"), tmp_path / "tiny.seal"
    recipe = Path(__file__).parent.parent / "data" / "tiny.yaml"
    code, out, _ = skybench(
        "release", "0.1", recipe, "--no-baselines", "--sealed", seal, "--contact", "Ada", *store
    )
    assert code == 0
    assert f"the seal is in {seal}: keep it secret" in out
    ids = open_version("tiny", split="test", store=tmp_path / "store")["sample_id"].values
    predictions = tmp_path / "predictions.csv"
    predictions.write_text("sample_id,label\n" + "".join(f"{i},star\n" for i in ids))
    code, _, err = skybench("evaluate", "tiny@0.1", predictions, *store)
    assert code == 2
    assert "send predictions to Ada" in err
    options = ("--seal", seal, "--name", "Stars", "--submit")
    code, out, _ = skybench("score", "tiny@0.1", predictions, *options, *store)
    assert code == 0
    assert "Stars on tiny 0.1: accuracy" in out
    assert "stated by the holder" in " ".join(
        skybench("leaderboard", "tiny@0.1", *store)[1].split()
    )
    code, out, _ = skybench("unseal", "tiny@0.1", seal, *store)
    assert (code, out.split(":")[0]) == (0, "tiny@0.1 is open")
    assert skybench("evaluate", "tiny@0.1", predictions, *store)[0] == 0


def test_an_interrupt_while_the_commands_are_loaded_is_told_in_a_line():
    interrupted = """
import runpy, sys

class Interrupt:
    def find_spec(self, name, *_):
        if name == "typer":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupt())
runpy.run_module("skybench", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", interrupted], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\ninterrupted\n")


def test_match_writes_a_recipe_and_a_page(skybench, tmp_path):
    made = deep_images(tmp_path)
    np.save(tmp_path / "images.npy", made)
    given = [*("--zeropoint", "28", "--tile", "32", "--fwhm", "3", "--rounds", "0")]
    out, page = tmp_path / "mine.yaml", tmp_path / "mine.html"
    status, said, _ = skybench(
        "match", tmp_path / "images.npy", *given, "--out", out, "--report", page
    )
    assert status == 0
    assert "signal to noise: agrees" in said or "signal to noise: differs" in said
    assert "<table>" in page.read_text()
    assert skybench("recipe", "check", out)[0] == 0
    assert skybench("match", tmp_path / "images.npy", "--gain", "two")[0] != 0


def deep_images(folder):
    """Return images of stars and galaxies of many magnitudes."""
    recipe = folder / "deep.yaml"
    magnitude = "{distribution: number_counts, slope: 0.3, low: 18, high: 21}"
    recipe.write_text(
        f"name: deep\ntask: classification\nimage: {{shape: [64, 64], zeropoint: 28}}\n"
        f"sources:\n  star: {{profile: star, magnitude: {magnitude}}}\n"
        f"  galaxy: {{profile: sersic, magnitude: {magnitude}}}\n"
    )
    return generate(recipe, 0, 40)["image"].values
