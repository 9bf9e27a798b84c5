"""Fan-out of the change log to listeners. It knows neither HTTP nor JSON."""
