import { Link } from "@tanstack/react-router";
import { usePendingCount } from "@/features/inbox/pending";
import { rooms } from "./rooms";
import classes from "./shell.module.css";

const SHOWN_AT_MOST = 999;

export function Navigation() {
  const pending = usePendingCount();
  return (
    <>
      {rooms.map((room) => (
        <Link
          key={room.path}
          to={room.path}
          className={classes.link}
          activeOptions={{ exact: room.path === "/dashboard", includeSearch: false }}
          activeProps={{ "data-active": true, "aria-current": "page" }}
        >
          <room.icon size={18} stroke={1.7} aria-hidden />
          <span>{room.name}</span>
          {room.path === "/dashboard/inbox" && pending > 0 && (
            <b className={classes.count}>
              {pending > SHOWN_AT_MOST ? `${SHOWN_AT_MOST}+` : pending}
              <i className="cs-visually-hidden"> waiting for a decision</i>
            </b>
          )}
        </Link>
      ))}
    </>
  );
}
