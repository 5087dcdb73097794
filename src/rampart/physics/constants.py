"""Physical constants, each with its source. SI units."""

# WGS-84 ellipsoid: NGA.STND.0036_1.0.0_WGS84 (2014), tables 3.1 and 3.5
WGS84_A_M = 6378137.0
WGS84_F = 1.0 / 298.257223563
WGS84_B_M = WGS84_A_M * (1.0 - WGS84_F)
WGS84_E2 = WGS84_F * (2.0 - WGS84_F)

# Rotation of the Earth, same standard, table 3.1 [rad/s]
EARTH_ROTATION_RAD_S = 7.292115e-5

# Normal gravity at the equator [m/s2] and Somigliana's constant, same standard, table 3.5 and section 4.2
GRAVITY_EQUATOR_MS2 = 9.7803253359
SOMIGLIANA_K = 0.00193185265241

# Effective radius of the Earth for radio waves in the standard atmosphere: ITU-R P.453 (k = 4/3)
REFRACTION_FACTOR = 4.0 / 3.0
# Mean radius of the Earth, IUGG (2 a + b) / 3
EARTH_RADIUS_M = 6371008.8

# US Standard Atmosphere 1976 (NOAA-S/T 76-1562), sections 1.2 and 1.3
STANDARD_GRAVITY_MS2 = 9.80665
STANDARD_RADIUS_M = 6356766.0
SEA_LEVEL_PRESSURE_PA = 101325.0
SEA_LEVEL_TEMPERATURE_K = 288.15
# its universal gas constant over the molar mass that the composition in its table 3 adds up to (printed as 28.9644)
GAS_CONSTANT_J_KG_K = 8.31432e3 / 28.964425
HEAT_RATIO = 1.4
