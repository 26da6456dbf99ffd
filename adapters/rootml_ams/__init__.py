"""AMS-02 electromagnetic calorimeter."""
