"""Colours against the contrast of WCAG 2.2 and the eyes of Machado et al. (2009)."""

from __future__ import annotations

import numpy as np
import pytest

from ui.theme import DARK, LIGHT, make_theme

READABLE = 4.5  # WCAG 2.2, 1.4.3: text of usual size
APART = (
    60.0  # CIE 1976; the default pair is 17 to 25 apart for eyes that do not tell red from green
)
# IEEE Transactions on Visualization and Computer Graphics 15(6), table 1, severity 1, of linear RGB
EYES = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# sRGB to XYZ (IEC 61966-2-1), and its white
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour):
    coded = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    darker, lighter = sorted(float(TO_XYZ[1] @ linear(colour)) for colour in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def lab(rgb):
    share = TO_XYZ @ rgb / (TO_XYZ @ np.ones(3))
    x, y, z = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def distance(one, other, eyes):
    seen = [lab(np.clip(np.array(EYES[eyes]) @ linear(colour), 0, 1)) for colour in (one, other)]
    return float(np.linalg.norm(seen[0] - seen[1]))


def test_the_measures_are_those_of_their_sources():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # WCAG's own example
    assert lab(np.ones(3)) == pytest.approx([100, 0, 0], abs=1e-6)


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
@pytest.mark.parametrize("colour_blind", [False, True])
@pytest.mark.parametrize("token", ["up", "down"])
def test_signs_can_be_read_on_every_ground(theme, colour_blind, token):
    colours = make_theme(theme.name, colour_blind=colour_blind)
    grounds = (colours.background, colours.panel, colours.raised)
    assert min(contrast(getattr(colours, token), ground) for ground in grounds) >= READABLE


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
@pytest.mark.parametrize("eyes", EYES)
def test_the_colour_blind_pair_is_told_apart_by_every_eye(theme, eyes):
    pair = make_theme(theme.name, colour_blind=True)
    assert distance(pair.up, pair.down, eyes) >= APART
    if eyes != "tritanopia":
        assert distance(theme.up, theme.down, eyes) < APART  # which is why there is the setting
