/** A system that forbids name spaces, as an ordinary container does: made of the kernel's own limits. Needs root. */
import { mayMount } from './disk.ts';

/**
 * Becomes the program that is named behind it, in a user name space with all users as outside, in which no further name space
 * of any kind may be made. The map of users can only be written from outside, which is what the child is for.
 */
const SCRIPT = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
me, made, mapped = os.getpid(), os.pipe(), os.pipe()
child = os.fork()
if child == 0:
    os.read(made[0], 1)
    for name in ('uid_map', 'gid_map'):
        open(f'/proc/{me}/{name}', 'w').write('0 0 65536')
    os.write(mapped[1], b'x')
    os._exit(0)
assert libc.unshare(0x10000000) == 0, os.strerror(ctypes.get_errno())
os.write(made[1], b'x')
os.read(mapped[0], 1)
os.waitpid(child, 0)
for name in os.listdir('/proc/sys/user'):
    if name.endswith('_namespaces'):
        open('/proc/sys/user/' + name, 'w').write('0')
os.execvp(sys.argv[1], sys.argv[1:])
`;

export const WITHOUT_NAMESPACES = ['python3', '-c', SCRIPT] as const;

/** Why it cannot be done here; undefined where it can. */
export function whyNamespacesStay(): string | undefined {
  return mayMount() && process.getuid?.() === 0 ? undefined : 'needs root';
}
