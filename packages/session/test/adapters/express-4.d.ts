/** Express 4 beside Express 5: what these tests call is typed alike. */
declare module "express-4" {
  import express from "express";
  export default express;
}
