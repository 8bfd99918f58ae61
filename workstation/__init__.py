"""The domain of Risk Workstation: market facts, portfolios, venues and risk. Imports no Qt."""

__version__ = "0.1.0"
