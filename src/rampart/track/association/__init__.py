"""Which detection belongs to which track: gate, clusters, optimal assignment."""
