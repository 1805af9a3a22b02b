"""Is it working: metrics, probes, pings and notices to the service manager."""
