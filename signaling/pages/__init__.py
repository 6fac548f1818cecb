"""HTTP handlers of the pages people see, one module for each kind of visitor."""
