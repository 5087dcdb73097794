"""Where the tracker's arrays keep what. Shared by the kernels and by the classes that call them."""

# Modes, as in rampart.records.names.Mode
THRUST = 0
BALLISTIC = 1
CRUISE = 2
TURN = 3
HOVER = 4
N_MODES = 5
N_STATE = 7  # position, velocity, and the mode's own: thrust [m/s2], ln k, nothing, turn rate [rad/s], nothing

# Track status, as in rampart.records.names.TrackStatus
TENTATIVE = 0
CONFIRMED = 1
COASTED = 2
DELETED = 3

# Classes, as in rampart.records.names.TargetClass
N_CLASSES = 9
CLUTTER = 7
UNKNOWN = 8
AIRCRAFT = 6
MULTIROTOR = 3
FIXED_WING = 4

# Real numbers of a track: columns of `real`
TIME = 0  # of its latest detection [s since run start]
ODDS = 1  # ln of existence : non-existence
FAMILY = 2  # ln of ballistic : steered likelihood, motion alone
WEIGHT = 3  # probability of the ballistic family, all evidence
MU = 4  # mode probabilities inside their family: 4..8
RCS = 9  # mean radar cross-section [dBsm]
RCS_N = 10  # looks behind it
EVIDENCE = 11  # mean ln likelihood of what is seen, by class: 11..19
BOOST = 20  # greatest probability of thrust so far
CLASS = 21  # class probabilities: 21..29
COUNTED = 30  # time up to which survival is accounted for [s]
SURPRISE = 31  # running mean of the ballistic innovation per degree of freedom
POWER = 32  # mean radar cross-section less what the threshold adds [m2]
POWER_N = 33  # looks behind it
HEARD = 34  # radio links heard from it, fading
WIDTH = 35  # mean ln of the micro-Doppler widths found [ln m/s]
WIDTH_N = 36  # looks that found one
WIDTH_NONE = 37  # looks that should have found one and did not
PICTURES = 38  # scored pictures taken of it
TURN_FROM = 39  # time [s], east and north velocity, variance of the heading: where the window for its turn rate began
WINDOWS = 43  # windows that are over
PICTURE = 44  # mean ln score of the pictures, by class: 44..52
TURNING = 53  # mean ln likelihood of the turn rate of all windows, the present one too, by class: 53..61
TURNED = 62  # the same of those that are over: 62..70
SIFTED = 71  # precision behind the mean at EVIDENCE [s2/m2]
SAID = 72  # what it says it is: 1 + class, SAYS_DRONE for a drone of either kind, 0 if it says nothing of that
LAUNCH = 73  # angle [deg] at which it left the ground if it falls, without drag; one sigma
MISFIT = (
    75  # running mean of the squared distance of its detections per degree of freedom: 1 where its filters are right
)
SEEN = 76  # where its latest detection with a place was [m]: 76..78
N_REAL = 79
SAYS_DRONE = -1.0

# Whole numbers of a track: columns of `whole`
NUMBER = 0
STATUS = 1
HITS = 2
LOOKS = 3  # looks since birth, hits among them
HISTORY = 4  # last looks, newest in bit 0, 1 = hit
FIRST_NS = 5
UPDATED_NS = 6
RECEIVED_NS = 7
DETECTION = 8
SENSORS = 9  # bit mask
FLAGS = 10
ALIVE = 11  # bit mask of modes still computed
MISSED = 12  # looks in a row without a detection
IDENTITY = 13  # what the target says it is, eight ASCII bytes; 0 if silent
KEPT = 14  # detections kept for the fit; more than FIT_ROOM: the fit is over
N_WHOLE = 15

# What the flight model may have wrong (rampart.physics.model_error), beside the seven of a state
N_ERRORS = 4
N_JOINT = N_STATE + N_ERRORS

# Detections kept for the fit of a falling body: rows of FIT_ROW in `fit`
FIT_ROOM = 32
FIT_MASK = 11  # after time, five numbers, five sigmas
FIT_SENSOR = 12
FIT_COUNT = 13  # detections joined in this row
FIT_ROW = 14
FIT_BASE = FIT_ROOM * FIT_ROW  # known before the first detection: state (7,), information (7, 7)
FIT_FIRST = FIT_BASE + 7 + 49  # the state at the first detection as found last; nan if it was not
FIT_EPOCH = FIT_FIRST + 7  # time of both [s]
FIT_DOUBT = FIT_EPOCH + 1  # looks in a row that speak for thrust
FIT_OPEN = FIT_DOUBT + 1  # 1: begun from nothing, so the first detections may have been made under thrust
FIT_THRUST = FIT_OPEN + 1  # probability that an open fit began under thrust
FIT_BURN_FROM = FIT_THRUST + 1  # when that ended, at the earliest [s after the epoch]; 0: it may never have been
FIT_BURN_UNTIL = FIT_BURN_FROM + 1  # ... and at the latest
FIT_LIKELY = FIT_BURN_UNTIL + 1  # the same two as the latest refit has them
FIT_ERROR = FIT_LIKELY + 2  # the model's errors: mean (4,), covariance with state and each other (4, 11)
N_FIT = FIT_ERROR + N_ERRORS * (1 + N_JOINT)

# Detections packed for kernels: columns of `z`
Z_TIME = 0
Z_RANGE = 1
Z_AZIMUTH = 2
Z_ELEVATION = 3
Z_RATE = 4
Z_HEIGHT = 5
Z_SIGMA = 6  # 6..10, of the five above [m, rad, rad, m/s, m]
Z_EAST = 11  # 11..13: position in the site's frame [m], measured or converted; nan without range
Z_ROOT = 14  # 14..22: inverse Cholesky root of a measured position's covariance, row by row
Z_RCS = 23
Z_SNR = 24  # [dB]
Z_WIDTH = 25  # of the micro-Doppler [m/s]
Z_SCORE = 26  # 26..34: relative likelihood of a picture by class
N_Z = 35

# ... and columns of `zi`
ZI_NUMBER = 0
ZI_TIME_NS = 1
ZI_RECEIVED_NS = 2
ZI_SENSOR = 3
ZI_MASK = 4
ZI_HINT = 5
ZI_FLAGS = 6
ZI_IDENTITY = 7  # as IDENTITY
ZI_EMISSION = 8  # records.Emission
N_ZI = 9

# What a detection measures: bits of ZI_MASK
HAS_RANGE = 1
HAS_AZIMUTH = 2
HAS_ELEVATION = 4
HAS_RATE = 8
HAS_HEIGHT = 16
HAS_POSITION = 32

# Why a detection is refused: status of `pack`
GOOD = 0
BAD_TIME = 1
BAD_SENSOR = 2
BAD_RANGE = 3
BAD_ANGLE = 4
BAD_RATE = 5
BAD_HEIGHT = 6
BAD_SIGMA = 7
BAD_POSITION = 8
NO_MEASUREMENT = 9

# Sensors: columns of `sensors`
S_EAST = 0
S_PERIOD = 3
S_DETECT = 4
S_CLUTTER = 5  # false alarms per scan
S_REFERENCE = 6
S_MIN_RANGE = 7
S_MAX_RANGE = 8
S_MIN_ELEVATION = 9
S_MAX_ELEVATION = 10
S_NOTCH = 11
S_ROTATING = 12
S_SIGMA = 13  # 13..17, as Z_SIGMA
S_RANGES = 18  # 1: measures range, so its silence counts
S_DELAY = 19
S_BIAS = 20  # 20..22: one sigma of range, azimuth and elevation biases
N_S = 23

# Clutter of a sensor: columns of `clutter`
C_NOMINAL = 0  # false alarms per scan as stated; 0 if unknown
C_TIME = 1  # of the latest look that is counted [s]
C_EXPOSURE = 2  # scans behind the counts
C_CELLS = 3  # counts, ranges by azimuths
CLUTTER_RANGES = 8
CLUTTER_AZIMUTHS = 16
C_ECHOES = C_CELLS + CLUTTER_RANGES * CLUTTER_AZIMUTHS  # fixed places, N_ECHO numbers each
N_ECHOES = 128
E_EAST = 0  # 0..2: mean place [m]
E_HITS = 3  # reports; 0: free
E_FIRST = 4  # time of the first [s]
E_LAST = 5  # ... and of the latest
E_RATE = 6  # its range rate [m/s]
E_SPREAD = 7  # sum of squared distances from the place, per number
E_PROOF = 8  # ln odds of a fixed echo against things that pass
E_TRACK = 9  # number of the track that took the latest reports, and how many in a row
E_SHARE = 10
N_ECHO = 11
N_CLUTTER = C_ECHOES + N_ECHOES * N_ECHO

# Parameters: entries of `p`
P_BALLISTIC = 0
P_DRAG_WALK = 1
P_THRUST_NOISE = 2
P_THRUST_WALK = 3
P_CRUISE = 4
P_TURN = 5
P_TURN_WALK = 6
P_HOVER = 7
P_HOVER_TIME = 8
P_BURN_TIME = 9
P_RELIGHT_TIME = 10
P_CRUISE_TIME = 11
P_TURN_TIME = 12
P_HOVER_STAY = 13
P_LN_DRAG = 14
P_LN_DRAG_SIGMA = 15
P_THRUST = 16
P_THRUST_SIGMA = 17
P_TURN_SIGMA = 18
P_GATE = 19  # probability
P_BIRTHS = 20  # new objects per scan
P_SURVIVAL = 21  # mean life [s]
P_CONFIRM_HITS = 22
P_CONFIRM_LOOKS = 23
P_CONFIRM_ODDS = 24
P_DELETE_ODDS = 25
P_COAST = 26
P_MAX_SPEED = 27
P_SEED_SCANS = 28
P_SITE_HEIGHT = 29
P_EARTH_CURVE = 30  # 1 / Earth radius
P_BALLISTIC_SPEED = 31  # prior sigma of velocity per axis [m/s]
P_STEERED_SPEED = 32
P_LAYER_HEIGHT = 33  # prior height of targets that a radar without elevation sees [m]
P_LAYER_SIGMA = 34
P_STEP = 35  # longest Runge-Kutta step [s]
P_CLUTTER_SPEED = 36  # radial speeds of false alarms reach this far [m/s]
P_LAG = 37  # how late a detection may come [s]
P_ERROR = 38  # 38..41: one sigma of each of the model's errors
P_PROBE = 42  # 42..45: by how much the tables in `env` that show their effect are changed
P_SURE_ODDS = 46  # two detections confirm a track that exists with these odds (ln)
N_P = 47
