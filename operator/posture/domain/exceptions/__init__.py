"""What suppression policies say, mark, plan and undo."""
