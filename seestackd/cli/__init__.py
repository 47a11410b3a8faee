"""Takes commands: one module per verb of the seestackd command."""
