"""What SPEC means."""

import pytest

from cnncalc.bundled import bundled, resolve
from cnncalc.cli.spec import complete
from cnncalc.problem import SpecError

TEXT = "name: mine\ninput: 4x4x3\nlayers: [relu]\n"


def test_bare_names_are_those_of_bundled_networks():
    assert {"alexnet", "resnet50", "unet"} <= bundled().keys()
    assert resolve("alexnet").endswith("alexnet.yaml")


def test_a_file_of_that_name_wins(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert resolve("alexnet") == bundled()["alexnet"]
    (tmp_path / "alexnet").write_text(TEXT)
    assert resolve("alexnet") == "alexnet"


def test_a_folder_of_that_name_does_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "alexnet").mkdir()
    (tmp_path / "other").mkdir()
    assert resolve("alexnet") == bundled()["alexnet"]
    assert resolve("other") == "other"


def test_paths_and_standard_input_are_taken_as_they_are():
    assert resolve("-") == "-"
    assert resolve("nowhere/alexnet") == "nowhere/alexnet"
    assert resolve("unheard.yaml") == "unheard.yaml"


@pytest.mark.parametrize(("spec", "said"), [("resnet5", "did you mean resnet50"), ("VGG-16", "vgg16"), ("zzz", "cnncalc specs")])
def test_an_unknown_name_suggests_the_nearest(spec, said):
    with pytest.raises(SpecError, match=said):
        resolve(spec)


def test_a_file_that_is_not_there_but_bundled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match="the bundled network is called vgg16"):
        resolve("vgg16.yaml")


def test_the_wheel_s_own_files_come_first(tmp_path, monkeypatch):
    import cnncalc.bundled as module

    package = tmp_path / "cnncalc"
    (package / "specs").mkdir(parents=True)
    (package / "specs" / "only.yaml").write_text(TEXT)
    monkeypatch.setattr(module, "__file__", str(package / "bundled.py"))
    assert bundled() == {"only": str(package / "specs" / "only.yaml")}


def test_completion_offers_names():
    assert complete("resnet1") == ["resnet101", "resnet18"]
