// Written by `python -m rampart.serve.web.frame`; a test compares the two.
export const VERSION = 1;
export interface TrackRow {
  id: number; // number of the track
  t: number; // time of validity [ms UTC]
  e: number; // east [m]
  n: number; // north [m]
  u: number; // up, above the site's origin [m]
  ve: number; // east [m/s]
  vn: number; // north [m/s]
  vu: number; // up [m/s]
  cee: number; // variance east [m2]
  cen: number; // covariance east north [m2]
  cnn: number; // variance north [m2]
  x: number; // probability that the object is there
  p: number; // probability of the class
  seen: number; // time of its latest detection [ms UTC]
  first: number; // time of its first detection [ms UTC]
  sensors: number; // bit i: sensor i of the site contributed
  cls: number; // TargetClass
  status: number; // TrackStatus
  flags: number; // DetectionFlag
  mode: number; // Mode
}
export interface PredictionRow {
  id: number; // number of the track
  kind: number; // PredictionKind
  w: number; // probability that it is of this kind of threat
  ie: number; // impact, or end of the corridor, east [m]
  in: number; // the same, north [m]
  it: number; // when [ms UTC]
  is: number; // one sigma of that time [s]
  ia: number; // semi-major axis of the impact ellipse [m]
  ib: number; // semi-minor axis [m]
  iz: number; // azimuth of the major axis, clockwise from north [rad]
  ip: number; // probability content of the ellipse
  le: number; // launch point east; nan if unknown [m]
  ln: number; // launch point north [m]
  la: number; // semi-major axis of the launch ellipse, same content [m]
  lb: number; // semi-minor axis [m]
  lz: number; // azimuth of the major axis [rad]
  asset: number; // of a corridor: index of the zone it is closest to in time; -1 if none
  ta: number; // of a corridor: until it can be within that zone's radius [s]
}
