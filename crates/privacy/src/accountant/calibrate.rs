//! Calibration
