"""Classification: what a track is, by Bayes' rule over all evidence."""
