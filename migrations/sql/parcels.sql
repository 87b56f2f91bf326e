-- Parcel numbers are drawn, not counted: two packers who open parcels at the same time never wait for each other.
CREATE SEQUENCE parcel_numbers AS bigint MINVALUE 1 MAXVALUE 999999999 NO CYCLE;
REVOKE ALL ON SEQUENCE parcel_numbers FROM PUBLIC;
GRANT USAGE ON SEQUENCE parcel_numbers TO portal_floor, portal_office;
