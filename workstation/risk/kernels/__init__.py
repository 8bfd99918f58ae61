"""Compiled inner loops of the risk models; everything that decides stays outside."""
