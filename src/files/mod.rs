//! Files as several rooms need them: whole or not there at all, nobody else's to read, still the ones that were opened,
//! and SQLite's. May not know what is in them.

mod identity;
mod inspection;
mod private;
pub(crate) mod sqlite;
mod whole;

use identity::FileIdentity;
pub use identity::is_same;
pub use inspection::{Inspected, Inspection};
pub use private::{create_file, create_folder, open_file};
pub use whole::WholeFile;
