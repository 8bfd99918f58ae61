"""What the window can do, by menu; each module offers its commands."""
