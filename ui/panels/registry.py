"""Every panel, in the order of the default layout. A new panel is a file and a line here."""

from __future__ import annotations

from ui.panels.base import PanelSpec

PANELS: tuple[PanelSpec, ...] = ()
