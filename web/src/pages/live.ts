/** Pages that only have to stay true while they stand open: the invitation, today, the list. */
import { keepTrue } from "../live";

keepTrue();
