//! What goes on paper: the paper twin of a form and the patient's copy, read back as another program
//! reads them.

mod copies;
mod forms;
mod hostile;
mod invitations;
pub mod reading;
