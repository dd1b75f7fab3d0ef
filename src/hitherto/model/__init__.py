"""The torch side: layers, and the bridge to the native kernels. `runtime` imports nothing from here."""
