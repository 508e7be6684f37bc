"""An HTTP server that answers texts with bundles: worker processes, dynamic batches, several wire formats."""
