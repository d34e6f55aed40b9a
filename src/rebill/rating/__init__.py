"""From cost lines, bindings and prices to rated lines and statement lines: pure, as SQL text; runs nothing."""
