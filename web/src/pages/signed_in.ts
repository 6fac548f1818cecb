/** Every page that is drawn for somebody logged in. */

import { once, watch } from "../signed_in";

once(document);
watch(30_000, (address) => location.replace(address));
