//! Letters: the text around link and code, the slip, many slips in one document; QR codes read back from
//! pictures as a telephone reads them.

pub mod eyes;
mod rendering;
mod slips;
mod texts;
