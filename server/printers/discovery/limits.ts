/** What of an announcement is shown and taken over. */

/** More are not looked through in a dialog; whoever has them types the address. */
export const MAX_FOUND = 100;
/** A name that a printer may have in Platen. */
export const MAX_FOUND_NAME = 100;
/** Model and place: a string of an announcement has at most 255 bytes (RFC 6763 section 6.1). */
export const MAX_FOUND_TEXT = 255;
/** The longest seen is that of a print server, with the name of the queue in it. */
export const MAX_RESOURCE_PATH = 200;
